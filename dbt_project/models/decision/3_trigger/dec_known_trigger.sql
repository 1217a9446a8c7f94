-- Grain: one row a customer of tonight, policy pack and trigger that is known from before. It was carried over by this
-- pack or by the one that decided before it, or the opening state names it for a customer who is seen for the first
-- time.

with

customers as (

    select * from {{ ref('dec_customer') }}

),

accounts as (

    select * from {{ ref('dec_account') }}

),

carried as (

    select * from {{ ref('dec_trigger_before') }}

),

confirmations as (

    select * from {{ ref('stg_confirmation_state') }}

),

-- a pack that sees a known customer for the first time takes over what another pack knew
predecessors as (

    select
        customers.customer_decision_key,
        customers.customer_key,
        min(confirmations.pack) as pack
    from customers
    inner join confirmations on customers.customer_key = confirmations.customer_key
    where customers.is_new_to_pack
    group by customers.customer_decision_key, customers.customer_key

),

knowing as (

    select customer_decision_key, customer_key, pack from customers

    union all

    select customer_decision_key, customer_key, pack from predecessors

),

opening as (

    select
        accounts.customer_decision_key,
        opening_states.trigger_code,
        min(opening_states.triggered_date) as triggered_date
    from {{ ref('stg_opening_state') }} as opening_states
    inner join accounts on opening_states.account_key = accounts.account_key
    inner join customers on accounts.customer_decision_key = customers.customer_decision_key
    where customers.is_new_customer and opening_states.trigger_code is not null
    group by accounts.customer_decision_key, opening_states.trigger_code

)

select
    knowing.customer_decision_key,
    carried.trigger_code,
    carried.triggered_date,
    carried.last_hit_date,
    carried.nights_in_a_row,
    carried.is_sustained,
    carried.clean_since_date,
    carried.is_inherited,
    carried.reason_code,
    carried.feature
from carried
inner join knowing on carried.customer_key = knowing.customer_key and carried.pack = knowing.pack

union all

select
    opening.customer_decision_key,
    opening.trigger_code,
    opening.triggered_date,
    opening.triggered_date as last_hit_date,
    1 as nights_in_a_row,
    true as is_sustained,
    cast(null as date) as clean_since_date,
    true as is_inherited,
    cast(null as {{ dbt.type_string() }}) as reason_code,
    cast(null as {{ dbt.type_string() }}) as feature
from opening
