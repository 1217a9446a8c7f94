{# Is a day within the last n days up to and including the night? The window (d - n, d] of a feature's definition. #}
{% macro in_window(day, days, until=0, night='night.business_date') -%}
    ({{ day }} > {{ add_days(night, -days) }} and {{ day }} <= {{ add_days(night, -until) }})
{%- endmacro %}

{# The change in the weight (0 or 1) of a night read tonight: in tonight's window, less in the window of the night before
   if that night's carried sum holds it. A night in neither or in both need not be read. #}
{% macro window_weight(day, days, until=0) -%}
    (
        case when {{ in_window(day, days, until) }} then 1 else 0 end
        - case when is_leaving and {{ in_window(day, days, until, 'night.previous_business_date') }} then 1 else 0 end
    )
{%- endmacro %}

{# Days that features of activity (f31, f32) look back: as long as a day without a chance to act is remembered. #}
{% macro longest_activity_window() %}{{ return(120) }}{% endmacro %}
