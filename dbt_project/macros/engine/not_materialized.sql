{# Said of an expression with several readers that is cheap to work out: each reads it where it needs it, where DuckDB would copy it
   whole first (docs/decisions/0011). Spark works it out anew for every reader anyway. #}
{% macro not_materialized() -%}
    {{ return(adapter.dispatch('not_materialized', 'creditline')()) }}
{%- endmacro %}

{% macro duckdb__not_materialized() -%}
    not materialized
{%- endmacro %}

{% macro spark__not_materialized() -%}
{%- endmacro %}
