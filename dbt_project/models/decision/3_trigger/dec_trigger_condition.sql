-- Grain: one row a customer, policy pack and trigger with at least one condition that is true tonight. All rows of a
-- group must be true, and one true group is enough. If a row of a group has a distrusted source, the group fires for
-- nobody.

with

customers as (

    select * from {{ ref('dec_customer') }}

),

believed as (

    select * from {{ ref('dec_believed_feature') }}

),

conditions as (

    select
        triggers.*,
        count(*) over condition_group as rows_of_group,
        -- if tonight's cases are distrusted, a pause may be missing
        bool_or(coalesce(sources.is_distrusted, false) or cases.is_distrusted) over condition_group as is_undecided
    from {{ ref('stg_policy_trigger') }} as triggers
    inner join {{ ref('stg_night_source') }} as cases on cases.source = 'case_event'
    left join {{ ref('stg_night_source') }} as sources on triggers.source_name = sources.source
    window condition_group as (
        partition by triggers.policy_version, triggers.trigger_code, triggers.condition_group
    )

),

compared as (

    select
        customers.customer_decision_key,
        conditions.trigger_code,
        conditions.condition_group,
        conditions.rows_of_group,
        conditions.feature,
        conditions.operator,
        conditions.threshold,
        conditions.reason_code,
        case conditions.feature
            {%- for fact in believed_facts() %}
            when '{{ fact }}' then believed.{{ fact }}
            {%- endfor %}
        end as feature_value
    from customers
    inner join believed on customers.customer_key = believed.customer_key
    inner join conditions on customers.policy_version = conditions.policy_version
    where not conditions.is_undecided

),

true_rows as (

    select
        *,
        count(*) over (partition by customer_decision_key, trigger_code, condition_group) as true_rows_of_group
    from compared
    where
        (operator = '>=' and feature_value >= threshold)
        or (operator = '>' and feature_value > threshold)

),

strongest as (

    select
        *,
        row_number() over (
            partition by customer_decision_key, trigger_code
            order by condition_group, feature
        ) as place
    from true_rows
    where true_rows_of_group = rows_of_group

)

select
    customer_decision_key,
    trigger_code,
    reason_code,
    feature,
    feature_value,
    -- the value at which the condition stops being met
    case when operator = '>' then threshold else threshold - 1 end as goal_value
from strongest
where place = 1
