{# The canonical text of several fields, for hashing: separated by `|`, an absent one is empty. #}
{% macro fields_text(fields) -%}
    concat(
        {%- for field in fields -%}
            coalesce({{ as_text(field) }}, ''){{ ", '|', " if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}
