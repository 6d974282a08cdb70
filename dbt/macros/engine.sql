{#- Everything that DuckDB and other engines say differently. Another engine gets its own
    `<adapter>__…` beside each `duckdb__…`. -#}


{#- The type of an instant: microseconds, UTC. -#}
{% macro type_instant() %}{{ return(adapter.dispatch('type_instant')()) }}{% endmacro %}

{% macro duckdb__type_instant() %}{{ return('timestamp with time zone') }}{% endmacro %}


{#- The type of a list of `element`. -#}
{% macro type_list(element) %}{{ return(adapter.dispatch('type_list')(element)) }}{% endmacro %}

{% macro duckdb__type_list(element) %}{{ return(element ~ '[]') }}{% endmacro %}


{#- The instant that recency is counted from, as an expression. -#}
{% macro as_of() %}{{ return(adapter.dispatch('as_of')()) }}{% endmacro %}

{% macro duckdb__as_of() %}{{ return("cast('" ~ var('as_of') ~ "' as timestamp with time zone)") }}{% endmacro %}


{#- Whole days of 24 hours from an instant to `as_of`; null for null. -#}
{% macro days_since(instant) %}{{ return(adapter.dispatch('days_since')(instant)) }}{% endmacro %}

{% macro duckdb__days_since(instant) %}{{ return("date_sub('day', " ~ instant ~ ", " ~ as_of() ~ ")") }}{% endmacro %}


{#- A join that gives one row per element of a list column; none for null. -#}
{% macro unnest_list(column, alias) %}{{ return(adapter.dispatch('unnest_list')(column, alias)) }}{% endmacro %}

{% macro duckdb__unnest_list(column, alias) -%}
    cross join unnest({{ column }}) as unnested ({{ alias }})
{%- endmacro %}


{#- How many elements a list column has. -#}
{% macro list_length(column) %}{{ return(adapter.dispatch('list_length')(column)) }}{% endmacro %}

{% macro duckdb__list_length(column) %}{{ return("len(" ~ column ~ ")") }}{% endmacro %}


{#- The names of a table's columns, as the engine sees them. -#}
{% macro column_names(relation) %}{{ return(adapter.dispatch('column_names')(relation)) }}{% endmacro %}

{% macro default__column_names(relation) %}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute='column') | list) }}
{% endmacro %}

{#- A source that is a call of read_parquet cannot be described, but a query of it can. -#}
{% macro duckdb__column_names(relation) %}
    {{ return(adapter.get_column_schema_from_query('select * from ' ~ relation) | map(attribute='column') | list) }}
{% endmacro %}


{#- Makes the directory that the graph tables are written to; its parent must exist. -#}
{% macro create_tables_directory() %}{{ return(adapter.dispatch('create_tables_directory')()) }}{% endmacro %}

{% macro default__create_tables_directory() %}{% endmacro %}

{#- DuckDB makes a directory only as the target of a partitioned copy; a copy of no rows leaves
    nothing in it. -#}
{% macro duckdb__create_tables_directory() -%}
    copy (select 1 as content, 1 as part where false)
    to '{{ adapter.external_root() }}' (format parquet, partition_by (part), append true)
{%- endmacro %}


{#- Writes an empty table's file again, without rows: dbt-duckdb puts one row of nulls into the
    file of an empty external model, which would become a node or relationship without a key. -#}
{% macro empty_table_without_placeholder(relation) %}
    {{ return(adapter.dispatch('empty_table_without_placeholder')(relation)) }}
{% endmacro %}

{% macro default__empty_table_without_placeholder(relation) %}{% endmacro %}

{% macro duckdb__empty_table_without_placeholder(relation) -%}
    {%- if execute and config.get('materialized') == 'external'
           and run_query('select count(*) from ' ~ relation).rows[0][0] == 0 -%}
        copy (select * from {{ relation }} where false)
        to '{{ external_location(relation, config) }}' (format parquet, compression zstd)
    {%- endif -%}
{%- endmacro %}
