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

{# The value at a position of a list, 1 for the first. #}
{% macro value_at(values, position) -%}
    {{ return(adapter.dispatch('value_at', 'creditline')(values, position)) }}
{%- endmacro %}

{% macro duckdb__value_at(values, position) -%}
    list_extract({{ values }}, {{ position }})
{%- endmacro %}

{% macro spark__value_at(values, position) -%}
    element_at({{ values }}, cast({{ position }} as int))
{%- endmacro %}

{# All that `step` comes to, as a list: the start, then what each value of a list in turn makes of the one before. `step` is a
   macro of two expressions, what is reached and the value. A chain of selects would do the same, but Spark's optimizer writes each
   select into the next, and what a step says several times over grows with every one. #}
{% macro path_of(start, values, step) -%}
    {{ return(adapter.dispatch('path_of', 'creditline')(start, values, step)) }}
{%- endmacro %}

{% macro duckdb__path_of(start, values, step) -%}
    list_reduce(
        list_prepend([{{ start }}], list_transform({{ values }}, lambda value: [value])),
        lambda path, value: list_append(path, {{ step('path[-1]', 'value[1]') }})
    )
{%- endmacro %}

{% macro spark__path_of(start, values, step) -%}
    aggregate(
        {{ values }}, array({{ start }}),
        (path, value) -> concat(path, array({{ step('element_at(path, -1)', 'value') }}))
    )
{%- endmacro %}
