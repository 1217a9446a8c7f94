{# Floor of a quotient of whole numbers as BIGINT; null where the divisor is null or 0. Exact on either engine: no DOUBLE.
   Both operands are of an integer type; of an amount in major units take the minor units. #}
{% macro int_div(numerator, denominator) -%}
    {{ return(adapter.dispatch('int_div', 'creditline')(numerator, denominator)) }}
{%- endmacro %}

{# DuckDB's // truncates towards zero, so a negative quotient with a remainder is one too high. The operands keep their
   types: most are BIGINT, and a quotient in 128 bits costs many times more. #}
{% macro duckdb__int_div(numerator, denominator) -%}
    cast(
        (({{ numerator }}) // nullif({{ denominator }}, 0))
        - case
            when ({{ numerator }}) % nullif({{ denominator }}, 0) <> 0 and (({{ numerator }}) < 0) <> (({{ denominator }}) < 0)
                then 1
            else 0
        end as bigint
    )
{%- endmacro %}

{% macro spark__int_div(numerator, denominator) -%}
    cast(
        floor(cast({{ numerator }} as decimal(38, 0)) / nullif(cast({{ denominator }} as decimal(38, 0)), 0)) as bigint
    )
{%- endmacro %}
