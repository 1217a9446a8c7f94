{# Is a day within the last n days up to and including the night? The window (d - n, d] of a feature's definition. #}
{% macro in_window(day, days, until=0) -%}
    ({{ day }} > {{ add_days('night.business_date', -days) }} and {{ day }} <= {{ add_days('night.business_date', -until) }})
{%- endmacro %}
