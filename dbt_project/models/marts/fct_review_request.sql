-- Grain: one row a request that waits for a person tonight and account that it concerns.

with

night as (

    select * from {{ ref('stg_night') }}

),

requests as (

    select * from {{ ref('dec_case') }}
    where is_answered and is_open

),

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

cuts as (

    select
        account_key,
        max(decided_date) as decided_date,
        max(old_limit_minor) as old_limit_minor
        {%- for rank in ['1', '2', '3', '4'] %},
        max(case when reason_rank = {{ rank }} then reason_code end) as reason_code_{{ rank }}
        {%- endfor %}
    from {{ ref('dec_standing_cut') }}
    group by account_key

),

concerned as (

    select requests.case_id, decisions.account_key
    from requests
    inner join decisions on requests.account_key = decisions.account_key

    union all

    select requests.case_id, decisions.account_key
    from requests
    inner join decisions on requests.customer_key = decisions.customer_key

)

select
    night.business_date,
    requests.case_id,
    coalesce(concerned.account_key, requests.account_key) as account_key,
    coalesce(decisions.customer_key, requests.customer_key) as customer_key,
    requests.kind,
    requests.state,
    requests.ground,
    requests.opened_date,
    requests.due_date,
    requests.due_date < night.business_date as is_overdue,
    {{ to_major('decisions.old_limit_minor') }} as limit_amount,
    cuts.decided_date as cut_date,
    {{ to_major('cuts.old_limit_minor') }} as limit_before_cut_amount,
    {{ to_major('decisions.reference_limit_minor') }} as reference_limit_amount,
    decisions.display_state,
    case
        when cuts.account_key is not null
            then concat_ws(';', cuts.reason_code_1, cuts.reason_code_2, cuts.reason_code_3, cuts.reason_code_4)
        else
            concat_ws(
                ';', decisions.reason_code_1, decisions.reason_code_2, decisions.reason_code_3, decisions.reason_code_4
            )
    end as reason_codes,
    requests.recheck_result,
    requests.is_target_higher,
    {{ to_major('decisions.max_grantable_minor') }} as max_grantable_amount
from requests
cross join night
left join concerned on requests.case_id = concerned.case_id
left join decisions on concerned.account_key = decisions.account_key
left join cuts on decisions.account_key = cuts.account_key
