{# How numbers stand in texts for people: thousands apart, whole amounts without decimals, basis points as a percentage with
   one. #}
{% macro amount_text(minor) -%}
    {%- set units = int_div('abs(' ~ minor ~ ')', '100') -%}
    case when {{ minor }} < 0 then '-' else '' end
    || case
        when {{ units }} >= 1000000
            then
                {{ as_text(int_div(units, '1000000')) }} || ','
                || lpad({{ as_text('mod(' ~ int_div(units, '1000') ~ ', 1000)') }}, 3, '0') || ','
                || lpad({{ as_text('mod(' ~ units ~ ', 1000)') }}, 3, '0')
        when {{ units }} >= 1000
            then {{ as_text(int_div(units, '1000')) }} || ',' || lpad({{ as_text('mod(' ~ units ~ ', 1000)') }}, 3, '0')
        else {{ as_text(units) }}
    end
    || case
        when mod(abs({{ minor }}), 100) <> 0 then '.' || lpad({{ as_text('mod(abs(' ~ minor ~ '), 100)') }}, 2, '0')
        else ''
    end
{%- endmacro %}

{% macro percent_text(basis_points) -%}
    case when {{ basis_points }} < 0 then '-' else '' end
    || {{ as_text(int_div('abs(' ~ basis_points ~ ')', '100')) }}
    || '.'
    || {{ as_text(int_div('mod(abs(' ~ basis_points ~ '), 100)', '10')) }}
    || '%'
{%- endmacro %}

{# A day as people say it, without its year: for one that is near. #}
{% macro day_text(day, lang) -%}
    {%- set months = [
        'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November',
        'December'
    ] -%}
    {%- if lang == 'zh' -%}
    {{ as_text('extract(month from ' ~ day ~ ')') }} || '月' || {{ as_text('extract(day from ' ~ day ~ ')') }} || '日'
    {%- else -%}
    {{ as_text('extract(day from ' ~ day ~ ')') }} || ' ' || case extract(month from {{ day }})
        {%- for month in months %} when {{ loop.index }} then '{{ month }}'{% endfor %} end
    {%- endif -%}
{%- endmacro %}

{# A stored value in the spelling of its unit (seeds/feature.csv). #}
{% macro value_text(number, unit) -%}
    case
        when {{ unit }} = 'minor' then {{ amount_text(number) }}
        when {{ unit }} = 'bp' then {{ percent_text(number) }}
        else {{ as_text(number) }}
    end
{%- endmacro %}
