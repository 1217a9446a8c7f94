{# How numbers stand in texts for people: whole amounts without decimals, basis points as a percentage with one. #}
{% macro amount_text(minor) -%}
    replace({{ as_text(to_major(minor)) }}, '.00', '')
{%- endmacro %}

{% macro percent_text(basis_points) -%}
    case when {{ basis_points }} < 0 then '-' else '' end
    || {{ as_text(int_div('abs(' ~ basis_points ~ ')', '100')) }}
    || '.'
    || {{ as_text(int_div('mod(abs(' ~ basis_points ~ '), 100)', '10')) }}
    || '%'
{%- endmacro %}

{# A stored value in the spelling of its unit (seeds/feature.csv). #}
{% macro value_text(number, unit) -%}
    case
        when {{ unit }} = 'minor' then {{ amount_text(number) }}
        when {{ unit }} = 'bp' then {{ percent_text(number) }}
        else {{ as_text(number) }}
    end
{%- endmacro %}
