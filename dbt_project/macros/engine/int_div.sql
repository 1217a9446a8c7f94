{# Floor of a quotient of whole numbers as BIGINT; null where the divisor is null or 0. Exact on either engine: no DOUBLE.
   Both operands are of an integer type; of an amount in major units take the minor units. #}
{% macro int_div(numerator, denominator) -%}
    {{ return(adapter.dispatch('int_div', 'creditline')(numerator, denominator)) }}
{%- endmacro %}

{# DuckDB's // truncates towards zero, so a negative quotient with a remainder is one too high: then the remainder, whose sign is
   the numerator's, and the divisor differ in sign. The operands keep their types: most are BIGINT, and a quotient in 128 bits
   costs many times more. No CASE: within one the engine computes an operand as often as it is written. #}
{% macro duckdb__int_div(numerator, denominator) -%}
    {%- set divisor = 'nullif(' ~ denominator ~ ', 0)' -%}
    cast(
        (({{ numerator }}) // {{ divisor }})
        - cast((({{ numerator }}) % {{ divisor }}) * sign({{ divisor }}) < 0 as bigint) as bigint
    )
{%- endmacro %}

{# Spark's / rounds to six digits before anybody can round down: 9999999 / 10000000 is 1. Its div is exact and truncates. #}
{% macro spark__int_div(numerator, denominator) -%}
    {%- set upper = 'cast(' ~ numerator ~ ' as decimal(38, 0))' -%}
    {%- set lower = 'nullif(cast(' ~ denominator ~ ' as decimal(38, 0)), 0)' -%}
    (
        {{ upper }} div {{ lower }}
        - case when {{ upper }} % {{ lower }} <> 0 and ({{ upper }} < 0) <> ({{ lower }} < 0) then 1 else 0 end
    )
{%- endmacro %}
