-- Grain: one row a customer and kind of event that a window still counts: the day of the last such event. From this day
-- follows which events leave the windows of a customer who does nothing of the kind again, and when
-- (seeds/recourse_feature.csv).

{{ config(materialized='view') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

accounts as (

    select * from {{ ref('ftr_reference_limit') }}

),

applications as (

    select
        applications.customer_key,
        applications.local_date,
        applications.amount_minor <= parameters.small_application_amount_minor as is_small,
        applications.outcome = 'rejected' as is_rejected,
        applications.local_hour between parameters.night_from_hour and parameters.night_to_hour as is_at_night
    from {{ ref('stg_loan_application') }} as applications
    cross join parameters
    inner join night on applications.local_date <= night.business_date

),

instalments as (

    select
        accounts.customer_key,
        instalments.due_date,
        instalments.instalment_no,
        instalments.is_reversed,
        instalments.due_minor,
        coalesce(instalments.paid_minor, 0) as paid_minor,
        -- a payment after tonight is not known yet
        instalments.paid_date is null or instalments.paid_date > night.business_date as is_unpaid,
        {{ days_between('instalments.due_date', 'coalesce(instalments.paid_date, night.business_date)') }} as days_late,
        parameters.first_payment_grace_days
    from {{ ref('ftr_carried_instalment') }} as instalments
    cross join parameters
    inner join night on instalments.due_date <= night.business_date
    inner join accounts on instalments.account_key = accounts.account_key

),

past_due_nights as (

    select * from {{ ref('ftr_past_due_night') }}

),

related_products as (

    select
        products.customer_key,
        products.business_date
    from {{ ref('ftr_carried_related_product') }} as products
    inner join {{ ref('related_product_role') }} as roles on products.product_code = roles.product_code
    where roles.role = 'credit' and products.days_past_due > 0

),

last_applications as (

    select
        customer_key,
        max(local_date) as application_date,
        max(case when is_small then local_date end) as small_application_date,
        max(case when is_rejected then local_date end) as rejected_application_date,
        max(case when is_at_night then local_date end) as night_application_date
    from applications
    group by customer_key

),

last_instalments as (

    select
        customer_key,
        max(case when is_unpaid or days_late > 0 then due_date end) as late_instalment_date,
        max(case when is_unpaid or paid_minor < due_minor then due_date end) as unpaid_instalment_date,
        max(case when is_reversed then due_date end) as reversed_instalment_date,
        max(case when is_unpaid or days_late > 0 or is_reversed then due_date end) as troubled_instalment_date,
        -- an unpaid instalment may become a default before the customer acts
        max(case when instalment_no = 1 and (is_unpaid or days_late > first_payment_grace_days) then due_date end)
            as first_instalment_date
    from instalments
    group by customer_key

),

events as (
    {% for event in ['application', 'small_application', 'rejected_application', 'night_application'] %}
    select customer_key, '{{ event }}' as event, {{ event }}_date as last_date
    from last_applications

    union all
    {% endfor %}
    {%- for event in [
        'late_instalment', 'unpaid_instalment', 'reversed_instalment', 'troubled_instalment', 'first_instalment'
    ] %}
    select customer_key, '{{ event }}' as event, {{ event }}_date as last_date
    from last_instalments

    union all
    {% endfor %}
    -- any known instalment counts, because a customer who has one will have the next
    select
        accounts.customer_key,
        'instalment' as event,
        max(instalments.due_date) as last_date
    from {{ ref('ftr_carried_instalment') }} as instalments
    inner join accounts on instalments.account_key = accounts.account_key
    group by accounts.customer_key

    union all

    select customer_key, 'past_due_night' as event, max(business_date) as last_date
    from past_due_nights
    group by customer_key

    union all

    select customer_key, 'related_past_due' as event, max(business_date) as last_date
    from related_products
    group by customer_key

)

select
    customer_key,
    event,
    last_date
from events
where last_date is not null
