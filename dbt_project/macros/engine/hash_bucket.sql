{# A number from 0 to 9999 that a text is given for good: the first 8 hex digits of its sha256, modulo 10000. #}
{% macro hash_bucket(text) -%}
    {{ return(adapter.dispatch('hash_bucket', 'creditline')(text)) }}
{%- endmacro %}

{% macro duckdb__hash_bucket(text) -%}
    (cast('0x' || left(sha256({{ text }}), 8) as bigint) % 10000)
{%- endmacro %}

{% macro spark__hash_bucket(text) -%}
    (cast(conv(left(sha2({{ text }}, 256), 8), 16, 10) as bigint) % 10000)
{%- endmacro %}
