{# Rows of a raw source that were known at the night's cut-off, with the rank of each among the versions of its key, 1 for the
   latest. Asks for the CTE `night`. `once_a_file`: no file holds a key twice (landing.md, rule unique); an account that is
   renumbered can be in one file under its old and its new id. #}
{% macro ranked_versions(table, key, once_a_file=false) -%}
    {{ return(adapter.dispatch('ranked_versions', 'creditline')(table, key, once_a_file)) }}
{%- endmacro %}

{# Only keys that came more than once are ranked, which of a large source spares a sort. #}
{% macro duckdb__ranked_versions(table, key, once_a_file) %}
    with

    contested as (
        {{ contested_tokens(table, key[0]) if once_a_file else _contested_keys(table, key) }}
    )

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
        {{ _version_rank(key) }}
    from {{ source('raw', table) }} as delivered
    inner join night on delivered.known_at <= night.cut_off_at
    inner join contested on {{ _same_key(key) }}
{% endmacro %}

{# What a small night costs on Spark is its plan, and a join costs more of it than a sort: all keys are ranked, also those that no
   file holds twice. #}
{% macro spark__ranked_versions(table, key, once_a_file) %}
    select
        delivered.*,
        {{ _version_rank(key) }}
    from {{ source('raw', table) }} as delivered
    inner join night on delivered.known_at <= night.cut_off_at
{% endmacro %}

{# Tokens that came more than once. A file holds one once: of one file none is looked at. #}
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

{% macro _contested_keys(table, key) %}
    select {{ _of_delivered(key) }}
    from {{ source('raw', table) }} as delivered
    group by {{ _of_delivered(key) }}
    having count(*) > 1
{% endmacro %}

{% macro _version_rank(key) -%}
    row_number() over (
        partition by {{ _of_delivered(key) }}
        order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
    ) as version_rank
{%- endmacro %}

{% macro _of_delivered(columns) -%}
    {% for column in columns %}delivered.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro _same_key(key) -%}
    {% for column in key %}delivered.{{ column }} = contested.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}
