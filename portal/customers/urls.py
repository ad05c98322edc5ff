from django.urls import path

from portal.customers import views

app_name = "customers"
urlpatterns = [
    path("", views.flows, name="list"),
    path("new/", views.start, name="start"),
    path("<int:pk>/", views.flow, name="flow"),
    path("<int:pk>/close/", views.close, name="close"),
]
