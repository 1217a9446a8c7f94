{# Does a day of the customer's slot lie after the previous valid night and up to tonight? The first night is a day alone. #}
{% macro slot_is_due(customer_key, slot_days) -%}
    (
        {{ int_div(days_between("date '1970-01-01'", 'night.business_date') ~ ' - ' ~ customer_key, slot_days) }}
        > {{ int_div(
            days_between("date '1970-01-01'", 'coalesce(night.previous_business_date, ' ~ add_days('night.business_date', -1) ~ ')')
            ~ ' - ' ~ customer_key, slot_days
        ) }}
    )
{%- endmacro %}
