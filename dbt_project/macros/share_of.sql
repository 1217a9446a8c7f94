{# The floor of `parts * value / whole`, exact though the product may not fit in 64 bits: the whole multiples of `whole` in the value are
   taken apart from what is left over. `parts` is at most `whole`. #}
{% macro share_of(parts, value, whole) -%}
    {{ parts }} * {{ int_div(value, whole) }} + {{ int_div(parts ~ ' * (' ~ value ~ ' - ' ~ whole ~ ' * ' ~ int_div(value, whole) ~ ')', whole) }}
{%- endmacro %}
