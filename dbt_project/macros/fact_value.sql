{# The value of the fact that a column names, of a row with one column a fact (`believed_facts`). #}
{% macro fact_value(name, facts) -%}
    case {{ name }}
        {%- for fact in believed_facts() %}
        when '{{ fact }}' then {{ facts }}.{{ fact }}
        {%- endfor %}
    end
{%- endmacro %}
