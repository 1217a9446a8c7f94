{# The place of a row of carried state among those that become one when customers are merged: the survivor's own comes first. #}
{% macro survivor_first(grain) -%}
    row_number() over (
        partition by {{ grain }}
        order by case when carried.customer_key = moved.customer_key then 0 else 1 end, carried.customer_key
    )
{%- endmacro %}
