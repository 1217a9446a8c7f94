-- Grain: one row an edit check, with both sides. A check compares what must be equal. A count of offending rows is
-- compared with zero.

with

accounts as (

    select * from {{ ref('fct_account_night') }}

),

decisions as (

    select * from {{ ref('fct_limit_decision') }}

),

adjustments as (

    select * from {{ ref('fct_limit_adjustment') }}

),

night as (

    select * from {{ ref('fct_night') }}

),

register as (

    select * from {{ ref('rpt_r02_adjustment_register') }}

),

caps as (

    select * from {{ ref('rpt_r03_cap_compliance') }}

),

quality as (

    select * from {{ ref('rpt_r04_asset_quality') }}

),

ageing as (

    select * from {{ ref('rpt_r06_past_due_ageing') }}

),

ledger as (

    select * from {{ ref('fct_ledger_balance') }}

),

thresholds as (

    select
        parameters.policy_version,
        classes.severity,
        cast(parameters.value as bigint) as more_than_days
    from {{ ref('dim_regulatory_parameter') }} as parameters
    inner join {{ ref('risk_class') }} as classes on parameters.param = classes.regulatory_parameter

),

too_good as (

    select accounts.account_key
    from accounts
    inner join {{ ref('risk_class') }} as classes on accounts.risk_class = classes.risk_class
    inner join thresholds
        on
            accounts.policy_version = thresholds.policy_version
            and accounts.days_past_due > thresholds.more_than_days
            and classes.severity < thresholds.severity
    group by accounts.account_key

),

above_cap as (

    select adjustments.adjustment_id
    from adjustments
    inner join accounts on adjustments.account_key = accounts.account_key
    inner join {{ ref('dim_regulatory_cap') }} as limits_by_law
        on
            adjustments.policy_version = limits_by_law.policy_version
            and limits_by_law.legal_entity_code in (accounts.legal_entity_code, '*')
            and limits_by_law.purpose_code in (accounts.purpose_code, '*')
            and limits_by_law.channel_code in (accounts.channel_code, '*')
            and adjustments.new_limit_amount > limits_by_law.cap_amount
    group by adjustments.adjustment_id

),

unexplained as (

    select adjustment_id
    from register
    group by adjustment_id
    having count(reason_code) = 0

),

checks as (

    select
        'E03' as check_id, 'R02' as report_id, 'a decrease lowers the limit and no limit is negative' as rule,
        cast(count(*) as decimal(18, 2)) as left_side, cast(0 as decimal(18, 2)) as right_side
    from adjustments
    where new_limit_amount < 0 or (action = 'DOWN' and new_limit_amount >= old_limit_amount)

    union all

    select
        'E02', 'R02', 'old limits of adjustments equal the limits that the night goes on from',
        cast(coalesce(sum(adjustments.old_limit_amount), 0) as decimal(18, 2)),
        cast(coalesce(sum(accounts.current_limit_amount), 0) as decimal(18, 2))
    from adjustments
    left join accounts on adjustments.account_key = accounts.account_key

    union all

    select
        'E01', 'R02', 'one adjustment an account and effective date',
        cast(count(*) as decimal(18, 2)),
        cast((select count(*) from (select distinct account_key, effective_date from adjustments)) as decimal(18, 2))
    from adjustments

    union all

    select
        'E04', 'R02', 'no new limit is above a cap that binds its account',
        cast(count(*) as decimal(18, 2)), cast(0 as decimal(18, 2))
    from above_cap

    union all

    select
        'E05', 'R02', 'every adjustment stands in the register',
        cast((select count(*) from adjustments) as decimal(18, 2)),
        cast(count(distinct adjustment_id) as decimal(18, 2))
    from register

    union all

    select
        'E05b', 'R02', 'every adjustment has at least one reason',
        cast(count(*) as decimal(18, 2)), cast(0 as decimal(18, 2))
    from unexplained

    union all

    select
        'X1', 'R04', 'total balance equals the principal of the snapshot',
        cast(coalesce(sum(quality.balance), 0) as decimal(18, 2)),
        cast((select sum(principal_balance) from accounts) as decimal(18, 2))
    from quality

    union all

    select
        'X1b', 'R06', 'gross principal equals the principal of the snapshot',
        cast(coalesce(sum(ageing.gross_principal_amount), 0) as decimal(18, 2)),
        cast((select sum(principal_balance) from accounts) as decimal(18, 2))
    from ageing

    union all

    select
        'X3', 'R06', 'non-performing balance of R04 equals that of R06',
        cast((select coalesce(sum(non_performing_balance), 0) from quality) as decimal(18, 2)),
        cast(coalesce(sum(case when not is_performing then gross_principal_amount else 0 end), 0) as decimal(18, 2))
    from ageing

    union all

    select
        'X4', 'R04', 'no account is classed better than its days past due allow',
        cast(count(*) as decimal(18, 2)), cast(0 as decimal(18, 2))
    from too_good

    union all

    select
        'X5', 'R04', 'balances of the snapshot tie to the ledger within the tolerance (fct_ledger_balance)',
        cast(count(*) as decimal(18, 2)), cast(0 as decimal(18, 2))
    from ledger
    where is_tied is distinct from true

    union all

    select
        'X5b', 'R06', 'balances of the snapshot tie to the ledger within the tolerance (fct_ledger_balance)',
        cast(count(*) as decimal(18, 2)), cast(0 as decimal(18, 2))
    from ledger
    where is_tied is distinct from true

    union all

    select
        'X9', 'R03', 'limits of R03 equal the limits of open accounts in the snapshot',
        cast(coalesce(sum(first_rule.total_limit_amount), 0) as decimal(18, 2)),
        cast((select coalesce(sum(limit_amount), 0) from accounts where is_open) as decimal(18, 2))
    from (
        select
            total_limit_amount,
            row_number() over (
                partition by customer_key, legal_entity, purpose_code, channel_code, policy_version order by rule_id
            ) as rule_rank
        from caps
    ) as first_rule
    where first_rule.rule_rank = 1

    union all

    select
        'X17', 'R04', 'every account of the snapshot has exactly one decision',
        cast((select account_count from night) as decimal(18, 2)), cast(count(distinct account_key) as decimal(18, 2))
    from decisions

)

select
    (select business_date from night) as as_of_date,
    check_id,
    report_id,
    rule,
    left_side,
    right_side,
    cast(left_side - right_side as decimal(18, 2)) as difference,
    -- a side that is null was not computed, so the check does not pass
    coalesce(left_side = right_side, false) as is_passed
from checks
