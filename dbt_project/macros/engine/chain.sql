{# Steps from one value to another, in order, as one value of an aggregate: `chained` collects them where `condition` holds,
   `end_of_chain` walks them from a start. A step is taken if it begins where the walk has come to; others are passed over. #}
{% macro chained(sequence, before, after, condition) -%}
    {{ return(adapter.dispatch('chained', 'creditline')(sequence, before, after, condition)) }}
{%- endmacro %}

{% macro duckdb__chained(sequence, before, after, condition) -%}
    list(struct_pack(before := {{ before }}, after := {{ after }}) order by {{ sequence }}) filter (where {{ condition }})
{%- endmacro %}

{% macro spark__chained(sequence, before, after, condition) -%}
    array_sort(
        collect_list(
            struct({{ sequence }} as sequence, {{ before }} as before, {{ after }} as after)
        ) filter (where {{ condition }})
    )
{%- endmacro %}

{% macro end_of_chain(start, steps) -%}
    {{ return(adapter.dispatch('end_of_chain', 'creditline')(start, steps)) }}
{%- endmacro %}

{% macro duckdb__end_of_chain(start, steps) -%}
    list_reduce(
        list_prepend(struct_pack(before := {{ start }}, after := {{ start }}), {{ steps }}),
        lambda reached, step: case when step.before = reached.after then step else reached end
    ).after
{%- endmacro %}

{% macro spark__end_of_chain(start, steps) -%}
    coalesce(
        aggregate({{ steps }}, {{ start }}, (reached, step) -> case when step.before = reached then step.after else reached end),
        {{ start }}
    )
{%- endmacro %}
