{#
    The share of one account in a bound on several: in proportion to their values, in whole units, nothing lost to
    rounding, none above its value (docs/decision.md). Columns: the bound and the values, both in whole units already;
    `sharers` and `sharers_so_far` are windows of the query, the second in the order of the account keys.
#}
{% macro share_out(bound, value, unit, sharers='sharers', sharers_so_far='sharers_so_far') -%}
    coalesce(
        {{ round_down(int_div(bound ~ ' * sum(' ~ value ~ ') over ' ~ sharers_so_far, 'sum(' ~ value ~ ') over ' ~ sharers), unit) }}
        - {{ round_down(
            int_div(
                bound ~ ' * ((sum(' ~ value ~ ') over ' ~ sharers_so_far ~ ') - ' ~ value ~ ')',
                'sum(' ~ value ~ ') over ' ~ sharers
            ), unit
        ) }},
        0
    )
{%- endmacro %}
