{# The values of a group as one list of BIGINT, in the order of a sequence. #}
{% macro values_in_order(sequence, value) -%}
    {{ return(adapter.dispatch('values_in_order', 'creditline')(sequence, value)) }}
{%- endmacro %}

{% macro duckdb__values_in_order(sequence, value) -%}
    list({{ value }} order by {{ sequence }})
{%- endmacro %}

{% macro spark__values_in_order(sequence, value) -%}
    transform(array_sort(collect_list(struct({{ sequence }} as sequence, {{ value }} as value))), pair -> pair.value)
{%- endmacro %}

{# The first `count` values of a list. #}
{% macro first_of(values, count) -%}
    {{ return(adapter.dispatch('first_of', 'creditline')(values, count)) }}
{%- endmacro %}

{% macro duckdb__first_of(values, count) -%}
    list_slice({{ values }}, 1, {{ count }})
{%- endmacro %}

{% macro spark__first_of(values, count) -%}
    slice({{ values }}, 1, cast({{ count }} as int))
{%- endmacro %}

{# What `step` makes of a start and of each value of a list in turn. `step` is an expression in the two names. A chain of
   selects would do the same, but Spark's optimizer writes each select into the next, and what a step says several times
   over grows with every one. #}
{% macro folded(start, values, reached, value, step) -%}
    {{ return(adapter.dispatch('folded', 'creditline')(start, values, reached, value, step)) }}
{%- endmacro %}

{% macro duckdb__folded(start, values, reached, value, step) -%}
    list_reduce(list_prepend({{ start }}, {{ values }}), lambda {{ reached }}, {{ value }}: {{ step }})
{%- endmacro %}

{% macro spark__folded(start, values, reached, value, step) -%}
    aggregate({{ values }}, {{ start }}, ({{ reached }}, {{ value }}) -> {{ step }})
{%- endmacro %}
