{# A value, or null (MISSING) where the source does not reach back to the start of the window (d - n, d]. #}
{% macro when_covered(value, days) -%}
    case when coverage.coverage_from_date <= {{ add_days('night.business_date', 1 - days) }} then {{ value }} end
{%- endmacro %}
