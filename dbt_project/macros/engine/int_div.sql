{# Floor of an integer quotient as BIGINT; null where the divisor is null or 0. Exact on either engine: no DOUBLE. #}
{% macro int_div(numerator, denominator) -%}
    {{ return(adapter.dispatch('int_div', 'creditline')(numerator, denominator)) }}
{%- endmacro %}

{# DuckDB's // truncates towards zero, so a negative quotient with a remainder is one too high. #}
{% macro duckdb__int_div(numerator, denominator) -%}
    cast(
        (cast({{ numerator }} as hugeint) // nullif(cast({{ denominator }} as hugeint), 0))
        - case
            when cast({{ numerator }} as hugeint) % nullif(cast({{ denominator }} as hugeint), 0) <> 0
                and (cast({{ numerator }} as hugeint) < 0) <> (cast({{ denominator }} as hugeint) < 0)
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
