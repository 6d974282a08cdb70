select * from (values
    (10, 1, 1, 'sent', null, null, 12.50::decimal(9, 2)),
    (11, 1, 9, 'draft', 10, 7, 3.25),
    (12, 2, 2, 'sent', null, null, 0.10)
) as t (order_id, customer_id, store_id, status, replaces_order_id, coupon_id, amount)
