-- Grain: one row a customer to be answered tonight and anchor (seeds/recourse_feature.csv): the last event that a
-- feature still counts. What is past due stays past due until the day by which the customer is asked to act. An
-- instalment that falls due before that day is late, too, and its payment may bounce.

with

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

accounts as (

    select * from {{ ref('dec_recourse_account') }}

),

last_events as (

    select * from {{ ref('ftr_last_event') }}

),

customers as (

    select distinct
        customer_key,
        act_by_date,
        is_past_due,
        is_related_past_due
    from accounts

),

-- it is not known yet which instalments fall due, so the last day before the customer acts is taken
late_instalments as (

    select
        customers.customer_key,
        {{ add_days('customers.act_by_date', -1) }} as due_date,
        parameters.recourse_acting_days - 1 > parameters.first_payment_grace_days as is_default
    from customers
    cross join parameters
    inner join last_events on customers.customer_key = last_events.customer_key and last_events.event = 'instalment'
    where customers.is_past_due

),

events as (

    select
        customers.customer_key,
        last_events.event as anchor,
        last_events.last_date
    from last_events
    inner join customers on last_events.customer_key = customers.customer_key

    union all

    select customer_key, 'payment' as anchor, act_by_date as last_date
    from customers
    where is_past_due

    union all

    select customer_key, 'past_due_night' as anchor, {{ add_days('act_by_date', -1) }} as last_date
    from customers
    where is_past_due

    union all

    select customer_key, 'related_past_due' as anchor, {{ add_days('act_by_date', -1) }} as last_date
    from customers
    where is_related_past_due
    {% for anchor in ['late_instalment', 'unpaid_instalment', 'reversed_instalment', 'troubled_instalment'] %}
    union all

    select customer_key, '{{ anchor }}' as anchor, due_date as last_date
    from late_instalments
    {% endfor %}
    union all

    select customer_key, 'first_instalment' as anchor, due_date as last_date
    from late_instalments
    where is_default

)

select
    customer_key,
    anchor,
    max(last_date) as last_date
from events
group by customer_key, anchor
