{#- Rows with a key of another customer than their own; such a row would join two customers' data. -#}
{% test within_customer(model, columns) %}
select customer, {{ columns | join(', ') }}
from {{ model }}
where
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}not starts_with({{ column }}, customer || '/')
    {%- endfor %}
{% endtest %}
