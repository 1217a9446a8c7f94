-- Grain: one row a policy pack and number of nights: the share that is left of the gap between a smoothed score and the
-- score, in billionths, rounded up. It is calculated by squaring, so that it is exact in whole numbers.

{{ config(materialized='table') }}

with

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

nights as (

    {{ whole_numbers(recourse_nights()) }}

),

doubled_0 as (

    select
        packs.policy_version,
        nights.number as nights,
        nights.number as bits,
        {{ int_div('(100 - packs.ewma_alpha_pct) * ' ~ billionths(), '100') }} as kept,
        {{ billionths() }} as share
    from packs
    cross join nights

),
{% for bit in range(recourse_doublings()) %}
doubled_{{ loop.index }} as (

    select
        policy_version,
        nights,
        {{ half('bits') }} as bits,
        {{ share_of_share('kept', 'kept') }} as kept,
        case when {{ is_odd('bits') }} then {{ share_of_share('share', 'kept') }} else share end as share
    from doubled_{{ loop.index0 }}

){{ "," if not loop.last }}
{% endfor %}
select
    policy_version,
    nights,
    share
from doubled_{{ recourse_doublings() }}
