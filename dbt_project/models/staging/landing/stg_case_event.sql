-- Grain: one row event_token; the latest version known at the night's cut-off: carried over, or new tonight.
-- customer_key is the customer of the case tonight; filed_key is the customer under whom it was filed, which no change
-- of ids changes.

{%- set token_of_case = 'case when is_copy then ' ~ sha256_hex("event_token || '|' || " ~ as_text("owner_key")) ~ ' else event_token end' %}

with

night as (

    select * from {{ ref('stg_night') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

-- if another customer splits off, the cases stand for both customers; a copy has a token of its own
delivered as (

    select
        cases.*,
        coalesce(links.customer_key, cases.customer_key) as owner_key,
        cases.customer_key as filed_key,
        coalesce(not links.is_main, false) as is_copy
    from {{ source('raw', 'case_event') }} as cases
    left join links on cases.customer_key = links.delivered_key and cases.business_date < links.until_date
    where links.delivered_key is null or links.is_main or cases.account_key is null

),

carried as (

    select
        cases.*,
        coalesce(moved.customer_key, cases.customer_key) as owner_key,
        coalesce(moved.is_copy, false) as is_copy
    from {{ source('state', 'case_event') }} as cases
    left join moved on cases.customer_key = moved.carried_key
    where moved.carried_key is null or not moved.is_copy or cases.account_key is null

),

known as (

    select
        business_date,
        batch_id,
        known_at,
        source_row,
        {{ token_of_case }} as event_token,
        kind,
        account_key,
        owner_key as customer_key,
        filed_key,
        occurred_at,
        {{ to_minor('amount') }} as amount_minor,
        from_date,
        to_date,
        actor,
        approver,
        ground,
        outcome,
        local_date,
        local_hour
    from delivered

    union all

    select
        business_date,
        batch_id,
        known_at,
        source_row,
        {{ token_of_case }} as event_token,
        kind,
        account_key,
        owner_key as customer_key,
        coalesce(filed_key, customer_key) as filed_key,
        occurred_at,
        amount_minor,
        from_date,
        to_date,
        actor,
        approver,
        ground,
        outcome,
        local_date,
        local_hour
    from carried

),

versions as (

    select
        known.*,
        row_number() over (
            partition by known.event_token
            order by known.known_at desc, known.batch_id desc, known.source_row desc
        ) as version_rank
    from known
    inner join night on known.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.batch_id,
    versions.known_at,
    versions.source_row,
    versions.event_token,
    versions.kind,
    versions.account_key,
    versions.customer_key,
    versions.filed_key,
    versions.occurred_at,
    versions.amount_minor,
    versions.from_date,
    versions.to_date,
    versions.actor,
    versions.approver,
    versions.ground,
    versions.outcome,
    versions.local_date,
    versions.local_hour
from versions
where versions.version_rank = 1
