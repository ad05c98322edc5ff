from django.urls import path

from portal.closing import adjusting, files, invoices, notices, views

app_name = "months"
urlpatterns = [
    path("", views.months, name="list"),
    path("<str:guid>/mails/", notices.notices, name="notices"),
    path("<str:guid>/mails/quota/", notices.quota, name="quota"),
    path("<str:guid>/mails/quota/<int:pk>/remove/", notices.remove_quota, name="remove_quota"),
    path("<str:guid>/<str:month>/", views.month, name="detail"),
    path("<str:guid>/<str:month>/close/", views.close, name="close"),
    path("<str:guid>/<str:month>/correct/", adjusting.adjust, name="adjust"),
    path("<str:guid>/<str:month>/invoice/", invoices.compare, name="invoice"),
    path("<str:guid>/<str:month>/workbook/", files.workbook, name="workbook"),
    path("<str:guid>/<str:month>/<str:company>/", files.statement, name="statement"),
    path("<str:guid>/<str:month>/<str:company>/<str:form>/", files.statement_file, name="statement_file"),
]
