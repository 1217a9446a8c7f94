{# Minor units as an exact DECIMAL(18, 2): a product, because a quotient would be a DOUBLE on DuckDB. #}
{% macro to_major(minor) -%}
    cast(cast({{ minor }} as decimal(18, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2))
{%- endmacro %}
