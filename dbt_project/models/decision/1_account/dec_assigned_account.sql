-- Grain: one row an account of tonight's snapshot, with the pack whose decision is released.

with

accounts as (

    select * from {{ ref('dec_account') }}

)

select * from accounts
where is_assigned
