{{ config(schema='edges') }}
select customer_id, order_id from {{ ref('stg_orders') }} order by 2
