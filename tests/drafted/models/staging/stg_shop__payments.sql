select * from (values (100, 10), (101, 12)) as t (payment_id, order_id)
