-- Grain: one row a customer of tonight's snapshot: how instalments were paid (f19-f24), and two facts that
-- no scorecard uses: instalments due within 90 days, and those of them that were paid on time.

with

night as (

    select * from {{ ref('stg_night') }}

),

coverage as (

    select * from {{ ref('stg_night_source') }}
    where source = 'instalment'

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

accounts as (

    select * from {{ ref('ftr_reference_limit') }}

),

instalments as (

    select * from {{ ref('ftr_carried_instalment') }}

),

judged as (

    select
        accounts.customer_key,
        instalments.instalment_no,
        instalments.due_date,
        instalments.due_minor,
        instalments.is_reversed,
        -- a payment after tonight is not known yet: neither its day nor its amount
        case when instalments.paid_date > night.business_date then 0 else coalesce(instalments.paid_minor, 0) end
            as paid_minor,
        case when instalments.paid_date <= night.business_date then instalments.paid_date end as paid_date
    from instalments
    inner join accounts on instalments.account_key = accounts.account_key
    cross join night
    -- most instalments are not yet due, and show nothing unless they were paid already
    where instalments.due_date <= night.business_date or {{ in_window('instalments.paid_date', 30) }}

),

windows as (

    select
        judged.customer_key,
        sum(case when {{ in_window('due_date', 181) }} then 1 else 0 end) as due_180d,
        sum(
            case
                when {{ in_window('due_date', 181) }} and (paid_date is null or paid_date > due_date) then 1
                else 0
            end
        ) as late_180d,
        sum(case when {{ in_window('due_date', 91) }} then 1 else 0 end) as due_90d,
        sum(
            case
                when {{ in_window('due_date', 91) }}
                    then greatest(0, {{ days_between('due_date', 'coalesce(paid_date, night.business_date)') }})
            end
        ) as days_late_90d,
        sum(case when {{ in_window('due_date', 91) }} then least(paid_minor, due_minor) end) as paid_minor_90d,
        sum(case when {{ in_window('due_date', 91) }} then due_minor end) as due_minor_90d,
        sum(
            case
                when
                    {{ in_window('paid_date', 30) }}
                    and {{ days_between('paid_date', 'due_date') }} > parameters.early_repayment_days
                    then 1
                else 0
            end
        ) as early_repay_30d,
        sum(
            case
                when
                    instalment_no = 1
                    and {{ in_window('due_date', 91) }}
                    and {{ days_between('due_date', 'coalesce(paid_date, night.business_date)') }}
                    > parameters.first_payment_grace_days
                    then 1
                else 0
            end
        ) as first_payment_default,
        sum(case when {{ in_window('due_date', 91) }} and is_reversed then 1 else 0 end) as bounced_payments_90d,
        sum(case when {{ in_window('due_date', 90) }} then 1 else 0 end) as due_instalments_90d,
        sum(case when {{ in_window('due_date', 90) }} and paid_date <= due_date and not is_reversed then 1 else 0 end)
            as on_time_instalments_90d
    from judged
    cross join night
    cross join parameters
    group by judged.customer_key

)

select
    customers.customer_key,
    {{ when_covered(bp('windows.late_180d', 'windows.due_180d'), 181) }} as f19_late_rate_180d_bp,
    {{ when_covered(int_div('windows.days_late_90d', 'windows.due_90d'), 91) }} as f20_avg_days_late_90d,
    {{ when_covered(bp('windows.paid_minor_90d', 'windows.due_minor_90d'), 91) }} as f21_paid_share_90d_bp,
    cast({{ when_covered('coalesce(windows.early_repay_30d, 0)', 30) }} as bigint) as f22_early_repay_30d,
    cast({{ when_covered('coalesce(windows.first_payment_default, 0)', 91) }} as bigint) as f23_first_payment_default,
    cast({{ when_covered('coalesce(windows.bounced_payments_90d, 0)', 91) }} as bigint) as f24_bounced_payments_90d,
    cast({{ when_covered('coalesce(windows.on_time_instalments_90d, 0)', 90) }} as bigint) as on_time_instalments_90d,
    cast({{ when_covered('coalesce(windows.due_instalments_90d, 0)', 90) }} as bigint) as due_instalments_90d
from customers
cross join night
cross join coverage
left join windows on customers.customer_key = windows.customer_key
