-- Grain: one row a customer of tonight's snapshot: devices, addresses, profile (f33-f37, f44). These facts feed the
-- security overlay and never the score: a new phone is not a credit fault. Suspicious events since the night before are
-- a fact for the overlay alone. An event counts once, whatever makes it suspicious, and does not count again if a watch
-- acted on it in between.

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

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

verified as (

    select * from {{ ref('ftr_verified_customer') }}

),

settled as (

    select * from {{ ref('stg_settled_event') }}

),

-- the longest window, or more if the night before is longer ago
sessions as (

    select
        all_sessions.*,
        -- events before the customer's last verification are settled and count no more
        verified.verified_at is null or all_sessions.occurred_at > verified.verified_at as is_open
    from {{ ref('stg_session') }} as all_sessions
    cross join night
    left join verified on all_sessions.customer_key = verified.customer_key
    where {{ in_window('all_sessions.local_date', 7) }} or all_sessions.local_date > night.previous_business_date

),

profile_changes as (

    select all_changes.*
    from {{ ref('stg_profile_change') }} as all_changes
    left join verified on all_changes.customer_key = verified.customer_key
    where verified.verified_at is null or all_changes.changed_at > verified.verified_at

),

new_devices as (

    select
        appearances.customer_key,
        appearances.device_token,
        appearances.first_date,
        appearances.first_at
    from {{ ref('ftr_device_appearance') }} as appearances
    left join verified on appearances.customer_key = verified.customer_key
    where verified.verified_at is null or appearances.first_at > verified.verified_at

),

device_windows as (

    select
        new_devices.customer_key,
        count(distinct new_devices.device_token) as new_devices_7d
    from new_devices
    cross join night
    where {{ in_window('new_devices.first_date', 7) }}
    group by new_devices.customer_key

),

windows as (

    select
        sessions.customer_key,
        count(distinct case when {{ in_window('local_date', 1) }} then region_token end) as regions_1d,
        sum(case when {{ in_window('local_date', 1) }} and not succeeded then 1 else 0 end) as failed_logins_1d,
        sum(case when is_proxy then 1 else 0 end) as proxied_7d,
        count(*) as sessions_7d
    from sessions
    cross join night
    where sessions.is_open and {{ in_window('sessions.local_date', 7) }}
    group by sessions.customer_key

),

suspicious_events as (

    select
        sessions.customer_key,
        'session' as source_name,
        sessions.event_token,
        sessions.local_date
    from sessions
    left join new_devices
        on
            sessions.customer_key = new_devices.customer_key
            and sessions.device_token = new_devices.device_token
            and sessions.occurred_at = new_devices.first_at
    where sessions.is_open and (not sessions.succeeded or sessions.is_proxy or new_devices.customer_key is not null)

    union all

    select
        customer_key,
        'profile_change' as source_name,
        event_token,
        local_date
    from profile_changes

),

suspicions as (

    select
        suspicious_events.customer_key,
        count(*) as suspicious_events_new
    from suspicious_events
    cross join night
    left join settled
        on
            suspicious_events.source_name = settled.source_name
            and suspicious_events.event_token = settled.event_token
    where
        suspicious_events.local_date
        > coalesce(night.previous_business_date, {{ add_days('night.business_date', -1) }})
        and suspicious_events.local_date <= night.business_date
        and settled.event_token is null
    group by suspicious_events.customer_key

),

recent_devices as (

    select distinct
        device_days.customer_key,
        device_days.device_token
    from {{ ref('ftr_device_day') }} as device_days
    cross join night
    where {{ in_window('device_days.seen_date', 30) }}

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
    cast({{ when_covered('coalesce(device_windows.new_devices_7d, 0)', 7) }} as bigint) as f33_new_devices_7d,
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
    case
        when
            coverage.coverage_from_date <= night.business_date
            or profile_coverage.coverage_from_date <= night.business_date
            then coalesce(suspicions.suspicious_events_new, 0)
    end as suspicious_events_new
from customers
cross join night
cross join coverage
cross join profile_coverage
left join windows on customers.customer_key = windows.customer_key
left join device_windows on customers.customer_key = device_windows.customer_key
left join suspicions on customers.customer_key = suspicions.customer_key
left join shared_devices on customers.customer_key = shared_devices.customer_key
left join changes on customers.customer_key = changes.customer_key
