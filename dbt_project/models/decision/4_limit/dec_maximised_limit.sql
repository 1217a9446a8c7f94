-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_composition with the value after the customer's own
-- maximum, what overlays it, and the caps that concern it as long as nothing has to be shared.

with

compositions as (

    select * from {{ ref('dec_composition') }}

),

maxima as (

    select * from {{ ref('dec_own_maximum') }}

),

overlays as (

    select * from {{ ref('dec_overlay') }}

),

choices as (

    select * from {{ ref('dec_cap_choice') }}

)

select
    compositions.*,
    maxima.customer_maximum_minor,
    coalesce(maxima.maximised_minor, compositions.requested_minor) as maximised_minor,
    overlays.decision_key is not null as has_overlay,
    coalesce(overlays.is_overlaid, false) as is_overlaid,
    overlays.action as overlay_action,
    overlays.reason_code as overlay_code,
    choices.rule_id as first_rule_id,
    choices.cap_minor as first_cap_minor,
    choices.min_bound_minor
from compositions
left join maxima on compositions.decision_key = maxima.decision_key
left join overlays on compositions.decision_key = overlays.decision_key
left join choices
    on
        compositions.pack_number = choices.pack_number
        and compositions.legal_entity_code = choices.legal_entity_code
        and compositions.purpose_code = choices.purpose_code
        and compositions.channel_code = choices.channel_code
