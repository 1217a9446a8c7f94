{# The ends of the BIGINT number line. The lowest value marks MISSING, so that a scorecard bin is always one range. #}
{% macro missing_marker() %}(-9223372036854775807){% endmacro %}
{% macro highest_value() %}9223372036854775807{% endmacro %}
