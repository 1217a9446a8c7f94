-- Grain: one row a customer of tonight's snapshot: devices, addresses, profile (f33-f37, f44).
-- These feed the security overlay and never the score: a new phone is no credit fault.

with

night as (

    select * from {{ ref('stg_night') }}

),

coverage as (

    select * from {{ ref('stg_night_source') }}
    where source = 'session'

),

profile_coverage as (

    select * from {{ ref('stg_night_source') }}
    where source = 'profile_change'

),

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

sessions as (

    select
        all_sessions.*,
        min(all_sessions.local_date) over (partition by customer_key, device_token) as device_first_date
    from {{ ref('stg_session') }} as all_sessions

),

profile_changes as (

    select * from {{ ref('stg_profile_change') }}

),

windows as (

    select
        sessions.customer_key,
        count(
            distinct case
                when {{ in_window('local_date', 7) }} and {{ in_window('device_first_date', 7) }} then device_token
            end
        ) as new_devices_7d,
        count(distinct case when {{ in_window('local_date', 1) }} then region_token end) as regions_1d,
        sum(case when {{ in_window('local_date', 1) }} and not succeeded then 1 else 0 end) as failed_logins_1d,
        sum(case when {{ in_window('local_date', 7) }} and is_proxy then 1 else 0 end) as proxied_7d,
        sum(case when {{ in_window('local_date', 7) }} then 1 else 0 end) as sessions_7d,
        sum(
            case
                when
                    {{ in_window('local_date', 1) }}
                    and (not succeeded or is_proxy or local_date = device_first_date)
                    then 1
                else 0
            end
        ) as suspicious_events_new
    from sessions
    cross join night
    group by sessions.customer_key

),

recent_devices as (

    select distinct sessions.customer_key, sessions.device_token
    from sessions
    cross join night
    where {{ in_window('sessions.local_date', 30) }}

),

device_customers as (

    select
        device_token,
        count(*) as customer_count
    from recent_devices
    group by device_token

),

shared_devices as (

    select
        recent_devices.customer_key,
        max(device_customers.customer_count) as customers_per_device
    from recent_devices
    inner join device_customers on recent_devices.device_token = device_customers.device_token
    group by recent_devices.customer_key

),

changes as (

    select
        profile_changes.customer_key,
        count(*) as profile_changes_30d
    from profile_changes
    cross join night
    where {{ in_window('profile_changes.local_date', 30) }}
    group by profile_changes.customer_key

)

select
    customers.customer_key,
    cast({{ when_covered('coalesce(windows.new_devices_7d, 0)', 7) }} as bigint) as f33_new_devices_7d,
    cast({{ when_covered('coalesce(windows.regions_1d, 0)', 1) }} as bigint) as f34_regions_1d,
    cast({{ when_covered('coalesce(windows.failed_logins_1d, 0)', 1) }} as bigint) as f35_failed_logins_1d,
    {{ when_covered(bp('windows.proxied_7d', 'windows.sessions_7d'), 7) }} as f36_proxy_share_7d_bp,
    cast({{ when_covered('coalesce(shared_devices.customers_per_device, 0)', 30) }} as bigint)
        as f37_customers_per_device,
    cast(
        case
            when profile_coverage.coverage_from_date <= {{ add_days('night.business_date', -29) }}
                then coalesce(changes.profile_changes_30d, 0)
        end as bigint
    ) as f44_profile_changes_30d,
    cast(coalesce(windows.suspicious_events_new, 0) as bigint) as suspicious_events_new
from customers
cross join night
cross join coverage
cross join profile_coverage
left join windows on customers.customer_key = windows.customer_key
left join shared_devices on customers.customer_key = shared_devices.customer_key
left join changes on customers.customer_key = changes.customer_key
