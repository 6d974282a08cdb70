{#- The customers that have a raw table: all of them, but for those that `absent_tables` names.
    A variable and not the sources themselves, because dbt reads models before it knows the
    sources, and a model that asks for an undeclared source does not parse. -#}
{% macro customers_with(table) %}
    {%- set found = [] -%}
    {%- for customer in var('customers') -%}
        {%- if customer_has_table(customer, table) -%}
            {%- do found.append(customer) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{% macro customer_has_table(customer, table) %}
    {%- set absent = table in var('absent_tables', {}).get(customer, []) -%}
    {%- if execute and absent and declared_source(customer, table) -%}
        {{ exceptions.raise_compiler_error(
            "Source " ~ customer ~ "." ~ table ~ " is declared, but the variable absent_tables says that "
            ~ customer ~ " does not have it. Remove one of the two."
        ) }}
    {%- endif -%}
    {{ return(not absent) }}
{% endmacro %}


{#- Whether the customer's source declares the column. The test columns_as_declared proves that
    the declaration and the table agree, so a column is never left out unnoticed. -#}
{% macro customer_has_column(customer, table, column) %}
    {%- set declared = declared_source(customer, table) -%}
    {{ return(execute and declared is not none and column in declared.columns) }}
{% endmacro %}


{% macro declared_source(customer, table) %}
    {{ return(graph.sources.get("source." ~ project_name ~ "." ~ customer ~ "." ~ table) if execute else none) }}
{% endmacro %}


{#- One select over the raw table of every customer, with a column `customer` in front.
    `columns` maps names to SQL types. A customer without a column gives nulls, one without the
    table gives no rows. -#}
{% macro union_customers(table, columns) %}
    {%- set customers = customers_with(table) -%}
    {%- for customer in customers %}
    select
        cast('{{ customer }}' as varchar) as customer
        {%- for name, type in columns.items() %},
        cast({{ name if customer_has_column(customer, table, name) else 'null' }} as {{ type }}) as {{ name }}
        {%- endfor %}
    from {{ source(customer, table) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        cast(null as varchar) as customer
        {%- for name, type in columns.items() %},
        cast(null as {{ type }}) as {{ name }}
        {%- endfor %}
    where false
    {%- endfor %}
{% endmacro %}


{#- A key that is unique across customers, from one that is unique within its customer. -#}
{% macro customer_key(column) -%}
    customer || '/' || {{ column }}
{%- endmacro %}
