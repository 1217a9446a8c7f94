{#
    The multiplier of a score in milli-points within its cell of dec_strategy_cell: a straight line from the band's own
    multiplier at its lower edge to the next better band's at its upper edge.
#}
{% macro multiplier_bp(score_milli, cells='cells') -%}
    {{ cells }}.multiplier_bp + {{ int_div(
        '(' ~ cells ~ '.better_multiplier_bp - ' ~ cells ~ '.multiplier_bp) * (' ~ score_milli ~ ' - ' ~ cells ~ '.lower_milli)',
        cells ~ '.upper_milli - ' ~ cells ~ '.lower_milli'
    ) }}
{%- endmacro %}
