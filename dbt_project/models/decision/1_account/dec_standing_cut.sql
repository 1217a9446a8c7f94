-- Grain: one row an account of tonight's snapshot whose limit is the result of a cut of ours, and reason that the cut
-- cited. If several cuts led to the same limit, the latest one counts.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

cuts as (

    select * from {{ ref('stg_cut_state') }}

),

placed as (

    select
        cuts.*,
        dense_rank() over (partition by cuts.account_key order by cuts.decided_date desc) as recency
    from cuts
    inner join accounts on cuts.account_key = accounts.account_key and cuts.new_limit_minor = accounts.limit_minor

)

select
    account_key,
    customer_key,
    decided_date,
    old_limit_minor,
    new_limit_minor,
    tonight_target_minor,
    reason_rank,
    reason_code,
    feature,
    feature_value,
    is_source_distrusted
from placed
where recency = 1
