{#- Everything that DuckDB and other engines spell differently. Another engine gets its own
    `<adapter>__…` next to each `duckdb__…`. -#}


{#- The type of an instant: microseconds, UTC. Athena's Hive tables know timestamps in milliseconds
    only, and read finer ones rounded. There an instant is the number of microseconds since 1970 in
    UTC, in the raw tables too: a raw column that Glue calls a timestamp fails to be cast. -#}
{% macro type_instant() %}{{ return(adapter.dispatch('type_instant')()) }}{% endmacro %}

{% macro default__type_instant() %}{{ return('timestamp with time zone') }}{% endmacro %}

{% macro athena__type_instant() %}{{ return('bigint') }}{% endmacro %}


{#- The type of a list of `element`. -#}
{% macro type_list(element) %}{{ return(adapter.dispatch('type_list')(element)) }}{% endmacro %}

{% macro default__type_list(element) %}{{ return(element ~ '[]') }}{% endmacro %}

{% macro athena__type_list(element) %}{{ return('array(' ~ element ~ ')') }}{% endmacro %}


{#- A text such as 2026-07-01 or 2026-07-01 12:00:00+02:00 as an instant. -#}
{% macro instant_of(text) %}{{ return(adapter.dispatch('instant_of')(text)) }}{% endmacro %}

{% macro default__instant_of(text) %}{{ return("cast(" ~ text ~ " as timestamp with time zone)") }}{% endmacro %}

{#- A double carries today's seconds to a quarter of a microsecond, so rounding gives the exact one. -#}
{% macro athena__instant_of(text) -%}
    {{ return("cast(round(to_unixtime(cast(" ~ text ~ " as timestamp(6) with time zone)) * 1000000) as bigint)") }}
{%- endmacro %}


{#- The instant that recency is counted from, as an expression. -#}
{% macro as_of() %}{{ return(instant_of("'" ~ var('as_of') ~ "'")) }}{% endmacro %}


{#- Whole days of 24 hours from an instant to `as_of`; null for null. -#}
{% macro days_since(instant) %}{{ return(adapter.dispatch('days_since')(instant)) }}{% endmacro %}

{% macro duckdb__days_since(instant) %}{{ return("date_sub('day', " ~ instant ~ ", " ~ as_of() ~ ")") }}{% endmacro %}

{% macro postgres__days_since(instant) -%}
    cast(floor(extract(epoch from {{ as_of() }} - {{ instant }}) / 86400) as bigint)
{%- endmacro %}

{% macro athena__days_since(instant) %}{{ return("(" ~ as_of() ~ " - " ~ instant ~ ") / 86400000000") }}{% endmacro %}


{#- Now, moved back by as much as an instant lies before `as_of`. -#}
{% macro now_less_age(instant) %}{{ return(adapter.dispatch('now_less_age')(instant)) }}{% endmacro %}

{% macro default__now_less_age(instant) %}{{ return(current_timestamp() ~ " - (" ~ as_of() ~ " - " ~ instant ~ ")") }}{% endmacro %}

{% macro athena__now_less_age(instant) -%}
    {{ return("date_add('second', -((" ~ as_of() ~ " - " ~ instant ~ ") / 1000000), now())") }}
{%- endmacro %}


{#- A join that gives one row per element of a list column; none for null. -#}
{% macro unnest_list(column, alias) %}{{ return(adapter.dispatch('unnest_list')(column, alias)) }}{% endmacro %}

{% macro default__unnest_list(column, alias) -%}
    cross join unnest({{ column }}) as unnested ({{ alias }})
{%- endmacro %}


{#- How many elements a list column has. -#}
{% macro list_length(column) %}{{ return(adapter.dispatch('list_length')(column)) }}{% endmacro %}

{% macro duckdb__list_length(column) %}{{ return("len(" ~ column ~ ")") }}{% endmacro %}

{% macro postgres__list_length(column) %}{{ return("cardinality(" ~ column ~ ")") }}{% endmacro %}

{% macro athena__list_length(column) %}{{ return("cardinality(" ~ column ~ ")") }}{% endmacro %}


{#- A text with every match of a regular expression replaced. Redshift replaces all by itself. -#}
{% macro replace_all(text, pattern, by) %}{{ return(adapter.dispatch('replace_all')(text, pattern, by)) }}{% endmacro %}

{% macro default__replace_all(text, pattern, by) %}{{ return("regexp_replace(" ~ text ~ ", '" ~ pattern ~ "', '" ~ by ~ "', 'g')") }}{% endmacro %}

{% macro redshift__replace_all(text, pattern, by) %}{{ return("regexp_replace(" ~ text ~ ", '" ~ pattern ~ "', '" ~ by ~ "')") }}{% endmacro %}


{#- A text that is ordered by its bytes, regardless of the database's collation. -#}
{% macro by_bytes(text) %}{{ return(adapter.dispatch('by_bytes')(text)) }}{% endmacro %}

{% macro default__by_bytes(text) %}{{ return(text) }}{% endmacro %}

{% macro postgres__by_bytes(text) %}{{ return(text ~ ' collate "C"') }}{% endmacro %}

{#- dbt-redshift falls back to Postgres; Redshift orders by bytes as it is. -#}
{% macro redshift__by_bytes(text) %}{{ return(text) }}{% endmacro %}


{#- The names of a table's columns, as the engine sees them. -#}
{% macro column_names(relation) %}{{ return(adapter.dispatch('column_names')(relation)) }}{% endmacro %}

{% macro default__column_names(relation) %}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute='column') | list) }}
{% endmacro %}

{#- A source that is a call of read_parquet cannot be described, but a query of it can. -#}
{% macro duckdb__column_names(relation) %}
    {{ return(adapter.get_column_schema_from_query('select * from ' ~ relation) | map(attribute='column') | list) }}
{% endmacro %}


{#- The values of unit tests, which dbt has cast to their column's type. The only texts for integer
    columns are instants; a cast that fails fails the test, where dbt-athena's own gives null. -#}
{% macro athena__safe_cast(field, type) -%}
    {%- set text = (field | trim).startswith("'") -%}
    {{ return(instant_of(field) if text and type == 'bigint' else "cast(" ~ field ~ " as " ~ type ~ ")") }}
{%- endmacro %}


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


{#- The part of a text that the pattern's only group matches; null if it does not match. -#}
{% macro first_match(text, pattern) %}{{ return(adapter.dispatch('first_match')(text, pattern)) }}{% endmacro %}

{% macro duckdb__first_match(text, pattern) %}{{ return("nullif(regexp_extract(" ~ text ~ ", '" ~ pattern ~ "', 1), '')") }}{% endmacro %}

{% macro postgres__first_match(text, pattern) %}{{ return("substring(" ~ text ~ " from '" ~ pattern ~ "')") }}{% endmacro %}

{% macro athena__first_match(text, pattern) %}{{ return("regexp_extract(" ~ text ~ ", '" ~ pattern ~ "', 1)") }}{% endmacro %}


{#- A text as a list of what lies between the separators. -#}
{% macro split_text(text, separator) %}{{ return(adapter.dispatch('split_text')(text, separator)) }}{% endmacro %}

{% macro duckdb__split_text(text, separator) %}{{ return("string_split(" ~ text ~ ", '" ~ separator ~ "')") }}{% endmacro %}

{% macro postgres__split_text(text, separator) %}{{ return("string_to_array(" ~ text ~ ", '" ~ separator ~ "')") }}{% endmacro %}

{% macro athena__split_text(text, separator) %}{{ return("split(" ~ text ~ ", '" ~ separator ~ "')") }}{% endmacro %}


{#- The path of the file that a raw row is from. DuckDB and Athena know it; elsewhere it is a column
    of the raw table. -#}
{% macro raw_file_of_row() %}{{ return(adapter.dispatch('raw_file_of_row')()) }}{% endmacro %}

{% macro default__raw_file_of_row() %}{{ return('raw_file') }}{% endmacro %}

{% macro athena__raw_file_of_row() %}{{ return('"$path"') }}{% endmacro %}
