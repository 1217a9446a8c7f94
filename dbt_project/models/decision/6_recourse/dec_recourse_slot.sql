-- Grain: one row an account to be answered tonight, set of actions and raise that the climb back may take: its night,
-- and the edge of the tolerance around the least target of the confirmed score on that night.

{{ config(materialized='table') }}

with

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

accounts as (

    select * from {{ ref('dec_recourse_account') }}

),

features as (

    select * from {{ ref('dec_recourse_feature') }}
    where feature = 'f02_dpd_max_30d'

),

stages as (

    select * from {{ ref('dec_recourse_stage') }}

),

cures as (

    select * from {{ ref('dec_recourse_cure') }}

),

decays as (

    select * from {{ ref('dec_recourse_decay') }}

),

cells as (

    select * from {{ ref('dec_strategy_cell') }}

),

windows as (

    select window_days
    from {{ ref('feature') }}
    where feature = 'f02_dpd_max_30d'

),

raises as (

    {{ whole_numbers(recourse_raises()) }}

),

lowest as (

    select
        customer_key,
        policy_version,
        stops_applying,
        clears_related,
        min(score) as lowest_score
    from stages
    group by customer_key, policy_version, stops_applying, clears_related

),

-- the day from which nothing forbids a raise, and how low the limit may fall before it
waiting as (

    select
        accounts.*,
        lowest.stops_applying,
        lowest.clears_related,
        least(accounts.smoothed_milli, {{ to_milli('lowest.lowest_score') }}) as lowest_milli,
        {{ to_milli('lowest.lowest_score') }} as lowest_own_milli,
        cures.is_floored,
        cures.min_effect_bp,
        greatest(
            {{ add_days('accounts.business_date', 'accounts.needed_nights + parameters.recourse_slack_nights') }},
            accounts.tenure_date,
            -- before this day, the longest arrears of the window are not known
            {{ add_days('accounts.snapshots_from_date', 'windows.window_days - 1') }},
            coalesce(cures.cured_date, accounts.business_date),
            case when features.is_at_rest then accounts.business_date else features.rest_date end,
            case
                when accounts.is_consent_asked or accounts.income_until_date <= accounts.business_date
                    then accounts.act_by_date
                else accounts.business_date
            end
        ) as raises_from_date,
        parameters.recourse_slack_nights
    from accounts
    cross join parameters
    cross join windows
    inner join lowest
        on accounts.customer_key = lowest.customer_key and accounts.policy_version = lowest.policy_version
    inner join features
        on accounts.customer_key = features.customer_key and accounts.policy_version = features.policy_version
    left join cures
        on
            lowest.customer_key = cures.customer_key
            and lowest.policy_version = cures.policy_version
            and lowest.stops_applying = cures.stops_applying
            and lowest.clears_related = cures.clears_related
    where not coalesce(cures.is_never_cured, false)

),

dated as (

    select
        waiting.*,
        raises.number as raise_number,
        {{ add_days(next_slot_day('raises_from_date', 'customer_key', 'raise_days'), 'raises.number * raise_days') }}
            as raise_date
    from waiting
    cross join raises

),

-- the confirmed score is at least the smoothed score of as many nights ago as confirmation takes
confirmed as (

    select
        dated.account_key,
        dated.stops_applying,
        dated.clears_related,
        dated.raise_number,
        greatest(
            max(dated.lowest_milli),
            max(
                {{ to_milli('stages.score') }}
                + {{ int_div(
                    '-(' ~ to_milli('stages.score') ~ ' - dated.lowest_milli) * coalesce(decays.share, ' ~ billionths() ~ ')', billionths()
                ) }}
                -- rounding down costs less than one each night, and ever less of earlier nights' loss remains
                + {{ int_div('-100', 'dated.ewma_alpha_pct') }}
            )
        ) as confirmed_milli
    from dated
    inner join stages
        on
            dated.customer_key = stages.customer_key
            and dated.policy_version = stages.policy_version
            and dated.stops_applying = stages.stops_applying
            and dated.clears_related = stages.clears_related
    left join decays
        on
            dated.policy_version = decays.policy_version
            and decays.nights = least(
                {{ days_between('stages.from_date', 'dated.raise_date') }}
                - (dated.window_nights - dated.needed_nights) - dated.recourse_slack_nights,
                {{ recourse_nights() }} - 1
            )
    where decays.nights is not null or stages.stage_number = 1
    group by dated.account_key, dated.stops_applying, dated.clears_related, dated.raise_number

)

select
    dated.account_key,
    dated.stops_applying,
    dated.clears_related,
    dated.raise_number,
    dated.raise_date,
    dated.raises_from_date,
    own_cells.upper_utilisation_bp as utilisation_below_bp,
    {{ int_div('dated.reference_limit_minor * (' ~ multiplier_bp('dated.lowest_own_milli', 'own_cells') ~ ')', '10000') }}
        as tonight_target_minor,
    dated.is_floored,
    dated.min_effect_bp,
    {{ int_div(
        int_div('dated.reference_limit_minor * (' ~ multiplier_bp('confirmed.confirmed_milli', 'cells') ~ ')', '10000')
        ~ ' * (10000 - dated.tolerance_bp)', '10000'
    ) }} as edge_minor
from dated
inner join confirmed
    on
        dated.account_key = confirmed.account_key
        and dated.stops_applying = confirmed.stops_applying
        and dated.clears_related = confirmed.clears_related
        and dated.raise_number = confirmed.raise_number
inner join cells
    on
        dated.policy_version = cells.policy_version
        and confirmed.confirmed_milli >= cells.lower_milli
        and confirmed.confirmed_milli < cells.upper_milli
        and dated.utilisation_bp >= cells.lower_utilisation_bp
        and dated.utilisation_bp < cells.upper_utilisation_bp
inner join cells as own_cells
    on
        dated.policy_version = own_cells.policy_version
        and dated.lowest_own_milli >= own_cells.lower_milli
        and dated.lowest_own_milli < own_cells.upper_milli
        and dated.utilisation_bp >= own_cells.lower_utilisation_bp
        and dated.utilisation_bp < own_cells.upper_utilisation_bp
