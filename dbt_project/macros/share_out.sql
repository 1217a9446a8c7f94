{#
    The share of one account in a bound on several: in proportion to their values, in whole units, nothing lost to
    rounding, none above its value (decision.md). The bound and the values are in whole units already; `total` is the
    sum of all values, `so_far` the sum up to this account in the order of the account keys.
#}
{% macro share_out(bound, value, unit, total, so_far) -%}
    coalesce(
        {{ round_down(int_div(bound ~ ' * ' ~ so_far, total), unit) }}
        - {{ round_down(int_div(bound ~ ' * (' ~ so_far ~ ' - ' ~ value ~ ')', total), unit) }},
        0
    )
{%- endmacro %}
