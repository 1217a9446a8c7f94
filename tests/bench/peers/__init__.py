"""The features and the decision of one night, written once each for other engines, beside the night's own SQL on DuckDB.

**The night** is the first that a home publishes: nothing is carried, so every window is counted from raw Parquet as accept
and gate left it, versions and all. Nights landed before it (`--nights`) are taken in and gated and not published, so that
windows over account snapshots have rows; with one landed night the first delivery fills the windows over events alone.

**The result** is two Parquet files, sorted by key, all numbers BIGINT and money in minor units:

- `customers`: the 44 features as published in `fct_risk_feature`, score and band as in `fct_customer_decision`, and the
  multiplier of the reference limit by tonight's score;
- `accounts`: `tonight_target_minor` (reference limit times that multiplier) and what `fct_limit_decision` publishes of the
  composed limit: score, band, PD and expected loss, reference and recommended limit, action, display state, what can be drawn,
  what could be granted. Behind the recommended limit stand overrides, product tier, raise rules with hard triggers, income
  bound, protection by cases, floor, rounding, balance rule, own maxima, regulatory caps and security freezes.

**Left out** for every contender: drift of bin shares (there is no night before to compare with), pending cuts (no lead days
in the pack), reasons, notices, texts, hashes, and the gates. The others are spared more than DuckDB, which runs the night's
own SQL: confirmation and with it `target_limit_amount` (a first night confirms no score: null throughout), the state and the
bounds of hard triggers (one that is hit on a first night is inherited: it blocks raises and bounds nothing), the policy
version in every join (one pack decides the whole book), and quotients of 128 bits where 64 do.

`workload.py` checks that the night is one on which all this changes nothing, and the result is compared with the marts that the
night published.
"""
