-- Grain: one row an account of tonight's snapshot whose limit is the result of a cut of ours on or after a night whose
-- row was bad and is corrected. The limit goes back at once, as far as tonight's target supports it.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}
    where is_open

),

cuts as (

    select * from {{ ref('dec_standing_cut') }}

),

overturned as (

    select * from {{ ref('dec_overturned_evidence') }}

)

select distinct accounts.account_key
from accounts
inner join cuts on accounts.account_key = cuts.account_key
inner join overturned
    on accounts.customer_key = overturned.customer_key and overturned.corrected_date <= cuts.decided_date
