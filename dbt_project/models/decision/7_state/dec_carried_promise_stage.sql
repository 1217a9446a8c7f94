-- Grain: one row an account with a recourse date that stands after tonight and day from which on its score has to be at
-- least so high.

with

promises as (

    select * from {{ ref('dec_promise') }}
    where status = 'OPEN'

),

recourses as (

    select * from {{ ref('dec_recourse') }}

),

carried as (

    select * from {{ ref('stg_promise_stage_state') }}

),

stages as (

    select * from {{ ref('dec_recourse_stage') }}

)

select
    carried.account_key,
    carried.from_date,
    carried.score
from carried
inner join promises on carried.account_key = promises.account_key

union all

select
    recourses.account_key,
    stages.from_date,
    stages.score
from recourses
inner join stages
    on
        recourses.customer_key = stages.customer_key
        and recourses.policy_version = stages.policy_version
        and recourses.stops_applying = stages.stops_applying
        and recourses.clears_related = stages.clears_related
