{# The ground of an appeal that names the rows of one source and night as bad (landing.md: case_event). #}
{% macro bad_row_ground(source_name, night) -%}
    'bad_source_row.' || {{ source_name }} || '.' || {{ as_text(night) }}
{%- endmacro %}
