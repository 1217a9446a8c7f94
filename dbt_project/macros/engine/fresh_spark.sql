{#
    Tables and views of the running night on Spark, in a database that is new every night. Each table is a folder of Parquet
    at a known place, so that the steps after the build read it without Spark. A contract's types are DuckDB's names: the
    columns are cast to Spark's, as DuckDB casts them to its own.
#}
{% materialization table, adapter='spark' %}
    {%- set relation = this.incorporate(type='table') -%}
    {% call statement('main') -%}
        create table {{ relation }} using parquet location '{{ spark_location(relation.identifier) }}' as
        {{ spark_contract(compiled_code) }}
    {%- endcall %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {%- set relation = this.incorporate(type='view') -%}
    {% call statement('main') -%}
        create view {{ relation }} as
        {{ compiled_code }}
    {%- endcall %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{# A view over its rows: Spark folds them into the plan, and no file is opened. #}
{% materialization seed, adapter='spark' %}
    {%- set relation = this.incorporate(type='view') -%}
    {%- set rows = load_agate_table() -%}
    {#- dbt reports a seed by the rows that its materialisation left under this name -#}
    {%- do store_result('agate_table', response='OK', agate_table=rows) -%}
    {% call statement('main') -%}
        create view {{ relation }} as
        select
            {%- for name in rows.column_names %}
            cast(col{{ loop.index }} as {{ spark_type(config.get('column_types')[name]) }}) as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from values
            {%- for row in rows.rows %}
            ({% for value in row %}{{ spark_text(value) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
            {%- endfor %}
    {%- endcall %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% macro spark_location(name) -%}
    {{ env_var('CREDITLINE_SPARK_TABLES') }}/{{ name }}
{%- endmacro %}

{# The query with its columns cast to the types of the model's contract; as it is where there is none. #}
{% macro spark_contract(sql) -%}
    {%- if config.get('contract').enforced -%}
        select
            {%- for column in model.columns.values() %}
            cast({{ column.name }} as {{ spark_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from ({{ sql }})
    {%- else -%}
        {{ sql }}
    {%- endif -%}
{%- endmacro %}

{% macro spark_type(duckdb_type) -%}
    {{ {'varchar': 'string', 'timestamp': 'timestamp_ntz', 'bigint[]': 'array<bigint>'}.get(duckdb_type, duckdb_type) }}
{%- endmacro %}

{# A literal: in Spark's, a backslash escapes the next character. #}
{% macro spark_text(value) -%}
    {%- if value is none -%} null
    {%- else -%} '{{ value | string | replace('\\', '\\\\') | replace("'", "\\'") }}'
    {%- endif -%}
{%- endmacro %}
