{#- Columns that a source table has and its declaration has not, or the other way round. -#}
{% test columns_as_declared(model) %}
    {%- set findings = [] -%}
    {%- if execute -%}
        {#- `model` is the relation here, so the test's own node is asked for its source. -#}
        {%- set declared = graph.sources[context['model'].depends_on.nodes[0]].columns.keys() | list -%}
        {%- set actual = column_names(model) -%}
        {%- for name in actual if name not in declared -%}
            {%- do findings.append((name, 'not declared')) -%}
        {%- endfor -%}
        {%- for name in declared if name not in actual -%}
            {%- do findings.append((name, 'not in the table')) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for name, finding in findings %}
select '{{ name }}' as column_name, '{{ finding }}' as finding
        {{ 'union all' if not loop.last }}
    {%- else %}
select 'none' as column_name, 'none' as finding where false
    {%- endfor %}
{% endtest %}
