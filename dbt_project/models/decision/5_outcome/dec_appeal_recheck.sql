-- Grain: one row an open appeal, account whose limit is the result of a cut of ours, and reason that the cut cited. It
-- has the fact as it was cited and as it stands tonight, late corrections included. The row is made anew every night,
-- from the night on which the appeal is received until the appeal is answered.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

appeals as (

    select * from {{ ref('dec_request') }}
    where kind = 'appeal' and is_open

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

cuts as (

    select * from {{ ref('dec_standing_cut') }}

),

facts as (

    select * from {{ ref('dec_believed_feature') }}

),

features as (

    select * from {{ ref('feature') }}

),

sources as (

    select * from {{ ref('stg_night_source') }}

),

corrections as (

    select * from {{ ref('dec_correction') }}

),

strategies as (

    select * from {{ ref('dec_composition') }}
    where is_assigned

),

concerned as (

    select appeals.case_id, accounts.account_key, accounts.customer_key, accounts.policy_version
    from appeals
    inner join accounts on appeals.account_key = accounts.account_key

    union all

    select appeals.case_id, accounts.account_key, accounts.customer_key, accounts.policy_version
    from appeals
    inner join accounts on appeals.customer_key = accounts.customer_key

),

cited as (

    select
        concerned.case_id,
        concerned.account_key,
        concerned.customer_key,
        cuts.decided_date,
        cuts.old_limit_minor,
        cuts.reason_rank,
        cuts.reason_code,
        cuts.feature,
        features.source,
        coalesce(features.sign, 0) as sign,
        cuts.feature_value as cited_value,
        case cuts.feature
            {%- for fact in scored_features() %}
            when '{{ fact }}' then facts.{{ fact }}
            {%- endfor %}
        end as value_tonight,
        features.role = 'credit' as is_scored_fact,
        cuts.is_source_distrusted as was_source_distrusted,
        coalesce(sources.is_distrusted, false) as is_source_distrusted,
        strategies.tonight_target_minor > cuts.tonight_target_minor as is_target_higher
    from concerned
    inner join cuts on concerned.account_key = cuts.account_key
    inner join strategies on concerned.account_key = strategies.account_key
    left join facts on concerned.customer_key = facts.customer_key
    left join features on cuts.feature = features.feature
    left join sources on features.source = sources.source

),

corrected as (

    select distinct cited.case_id, cited.account_key, cited.reason_rank
    from cited
    inner join corrections
        on
            cited.customer_key = corrections.customer_key
            and cited.source = corrections.source
            and corrections.corrected_date <= cited.decided_date

)

select
    night.business_date,
    cited.case_id,
    cited.account_key,
    cited.reason_rank,
    cited.decided_date,
    cited.old_limit_minor,
    cited.reason_code,
    cited.feature,
    cited.source,
    cited.cited_value,
    cast(cited.value_tonight as bigint) as value_tonight,
    cited.was_source_distrusted,
    cited.is_source_distrusted,
    corrected.case_id is not null as is_corrected,
    cited.is_target_higher,
    case
        when not coalesce(cited.is_scored_fact, false) then 'NO_FACT'
        when cited.is_source_distrusted then 'UNKNOWN'
        when cited.value_tonight is null then 'CHANGED'
        when (cited.cited_value - cited.value_tonight) * cited.sign > 0 then 'BETTER'
        when cited.cited_value <> cited.value_tonight then 'CHANGED'
        else 'STANDS'
    end as verdict
from cited
cross join night
left join corrected
    on
        cited.case_id = corrected.case_id
        and cited.account_key = corrected.account_key
        and cited.reason_rank = corrected.reason_rank
