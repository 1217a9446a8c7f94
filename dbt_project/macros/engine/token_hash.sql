{# A token (32 hex digits of a keyed hash) as a whole number: its first 15 digits. It is compared and carried at a
   fraction of the cost of a text. Of 100 million tokens two share a number in one home of 200. #}
{% macro token_hash(token) -%}
    {{ return(adapter.dispatch('token_hash', 'creditline')(token)) }}
{%- endmacro %}

{% macro duckdb__token_hash(token) -%}
    cast('0x' || left({{ token }}, 15) as bigint)
{%- endmacro %}

{% macro spark__token_hash(token) -%}
    cast(conv(left({{ token }}, 15), 16, 10) as bigint)
{%- endmacro %}
