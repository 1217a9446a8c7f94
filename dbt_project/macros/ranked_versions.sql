{# Rows of a raw source that were known at the night's cut-off, with the rank of each among the versions of its key, 1 for the
   latest. Asks for the CTEs `night` and `contested`, the keys that came more than once: only these are ranked, which of a large
   source spares a sort. #}
{% macro ranked_versions(table, key) %}
    select
        delivered.*,
        1 as version_rank
    from {{ source('raw', table) }} as delivered
    inner join night on delivered.known_at <= night.cut_off_at
    left join contested on {{ _same_key(key) }}
    where contested.{{ key[0] }} is null

    union all

    select
        delivered.*,
        row_number() over (
            partition by {{ _of('delivered', key) }}
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from {{ source('raw', table) }} as delivered
    inner join night on delivered.known_at <= night.cut_off_at
    inner join contested on {{ _same_key(key) }}
{% endmacro %}

{# Keys that came more than once: in two files, or in one under the old and the new id of a renumbered account. #}
{% macro contested_keys(table, key) %}
    select {{ _of('delivered', key) }}
    from {{ source('raw', table) }} as delivered
    group by {{ _of('delivered', key) }}
    having count(*) > 1
{% endmacro %}

{# Tokens that came more than once. A file holds one once (docs/landing.md, rule unique): of one file none is looked at. #}
{% macro contested_tokens(table, token) %}
    select delivered.{{ token }}
    from {{ source('raw', table) }} as delivered
    inner join (
        select count(*) as file_count
        from (select distinct business_date, batch_id from {{ source('raw', table) }}) as files
    ) as counted on counted.file_count > 1
    group by delivered.{{ token }}
    having count(*) > 1
{% endmacro %}

{% macro _of(table, columns) -%}
    {% for column in columns %}{{ table }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro _same_key(key) -%}
    {% for column in key %}delivered.{{ column }} = contested.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}
