{# Lists of BIGINT that carry the last values of something, the newest last. #}

{# The list with a value behind it, of which the last `keep` stay; an absent list is an empty one. #}
{% macro append_recent(values, value, keep) -%}
    {{ return(adapter.dispatch('append_recent', 'creditline')(values, value, keep)) }}
{%- endmacro %}

{% macro duckdb__append_recent(values, value, keep) -%}
    list_slice(list_append(coalesce({{ values }}, cast([] as bigint[])), cast({{ value }} as bigint)), -{{ keep }}, -1)
{%- endmacro %}

{% macro spark__append_recent(values, value, keep) -%}
    slice(
        concat(coalesce({{ values }}, cast(array() as array<bigint>)), array(cast({{ value }} as bigint))),
        -cast(least({{ keep }}, size(coalesce({{ values }}, cast(array() as array<bigint>))) + 1) as int),
        cast({{ keep }} as int)
    )
{%- endmacro %}

{# The newest value; null of an empty or absent list. #}
{% macro newest_of(values) -%}
    {{ return(adapter.dispatch('newest_of', 'creditline')(values)) }}
{%- endmacro %}

{% macro duckdb__newest_of(values) -%}
    list_extract({{ values }}, -1)
{%- endmacro %}

{% macro spark__newest_of(values) -%}
    try_element_at({{ values }}, -1)
{%- endmacro %}

{# The k-th smallest value; null where there are fewer. #}
{% macro kth_smallest(values, k) -%}
    {{ return(adapter.dispatch('kth_smallest', 'creditline')(values, k)) }}
{%- endmacro %}

{% macro duckdb__kth_smallest(values, k) -%}
    list_extract(list_sort({{ values }}), {{ k }})
{%- endmacro %}

{% macro spark__kth_smallest(values, k) -%}
    try_element_at(array_sort({{ values }}), cast({{ k }} as int))
{%- endmacro %}
