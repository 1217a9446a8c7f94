{# How many bins a scorecard may have for one feature, the one for MISSING aside; policy checks hold packs to it. #}
{% macro max_bins() %}{{ return(8) }}{% endmacro %}

{# The points of a feature's value by the pack's scorecard as dec_scorecard_row lays it out. #}
{% macro scorecard_points(feature, value, scorecard) -%}
    case
        when {{ value }} is null then {{ scorecard }}.{{ feature }}_points_missing
        {%- for number in range(1, max_bins()) %}
        when {{ value }} < {{ scorecard }}.{{ feature }}_upper_{{ number }} then {{ scorecard }}.{{ feature }}_points_{{ number }}
        {%- endfor %}
        else {{ scorecard }}.{{ feature }}_points_{{ max_bins() }}
    end
{%- endmacro %}
